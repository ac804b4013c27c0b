story Somebody without the right calls 300 times
rule deletions
  takes s3 DeleteBucket
  sends to queue alarms

at 0s every 0.1s, 300 times mallory: s3 DeleteBucket on payroll refused

expect deletions left alone

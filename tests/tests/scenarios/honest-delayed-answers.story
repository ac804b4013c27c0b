story Answers that wait for twenty minutes before a queue
rule reopen-later
  takes s3 PutBucketAcl
  runs closer behind workflow wait-a-while delayed by 20m
function closer as closer-role within 30s
  answers after 3s, to others only: s3 PutBucketAcl on {resource} acl=private

at 0s every 10s, 12 times ann: s3 PutBucketAcl on site acl=public-read

expect reopen-later left alone

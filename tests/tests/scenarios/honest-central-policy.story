story Each new bucket is written into one central policy
rule new-buckets
  takes s3 CreateBucket, PutBucketPolicy
  runs registrar
function registrar as registrar-role
  answers after 4s, to CreateBucket only: s3 PutBucketPolicy on central policy=all-known

at 0s every 30s, 40 times deploy/stacks: s3 CreateBucket on bucket-{n}

expect new-buckets at most suspect

story The same test, with one rule that hears it all
rule buckets
  takes s3 CreateBucket, DeleteBucket, PutBucketPublicAccessBlock
  runs hardener
function hardener as hardener-role
  answers after 2s, to CreateBucket only: s3 PutBucketPublicAccessBlock on {resource} block=all

at 0s every 40s, 12 times tests/integration: s3 CreateBucket on it-bucket
at 20s every 40s, 12 times tests/integration: s3 DeleteBucket on it-bucket

expect buckets at most suspect

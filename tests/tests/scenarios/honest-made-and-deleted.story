story A test makes one bucket and deletes it, twelve times; two rules harden it
rule new-buckets
  takes s3 CreateBucket
  runs hardener
rule block-changed
  takes s3 PutBucketPublicAccessBlock, DeleteBucketPublicAccessBlock
  runs hardener
function hardener as hardener-role
  answers after 2s, to others only: s3 PutBucketPublicAccessBlock on {resource} block=all

at 0s every 40s, 12 times tests/integration: s3 CreateBucket on it-bucket
at 20s every 40s, 12 times tests/integration: s3 DeleteBucket on it-bucket

expect new-buckets left alone
expect block-changed at most suspect

story A chain of rules that does not close
rule a
  takes s3 CreateBucket
  runs fa
rule b
  takes s3 PutBucketTagging
  runs fb
rule c
  takes s3 PutBucketPolicy
  runs fc
function fa as ra
  answers after 2s: s3 PutBucketTagging on {resource} owner=ann
function fb as rb
  answers after 2s: s3 PutBucketPolicy on {resource} policy=standard
function fc as rc

at 0s every 2m, 30 times deploy/pipeline: s3 CreateBucket on stage

expect a left alone
expect b left alone
expect c left alone

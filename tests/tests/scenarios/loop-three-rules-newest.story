story Cycle of three rules that the newest one closes
rule a
  takes s3 PutBucketAcl
  runs fa
rule b
  takes s3 PutBucketPolicy
  runs fb
rule c
  takes s3 PutBucketTagging
  runs fc
  made at 10m
function fa as ra
  answers after 10s: s3 PutBucketPolicy on {resource} policy=closed
function fb as rb
  answers after 10s: s3 PutBucketTagging on {resource} tag=closed
function fc as rc
  answers after 10s: s3 PutBucketAcl on {resource} acl=open

at 20m ann: s3 PutBucketTagging on uploads tag=none

expect a at most suspect
expect b at most suspect
expect c cut by cycle after 9 firings

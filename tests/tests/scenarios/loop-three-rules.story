story Cycle of three rules
rule a
  takes s3 PutBucketAcl
  runs fa
rule b
  takes s3 PutBucketPolicy
  runs fb
rule c
  takes s3 PutBucketTagging
  runs fc
function fa as ra
  answers after 10s: s3 PutBucketPolicy on {resource} policy=closed
function fb as rb
  answers after 10s: s3 PutBucketTagging on {resource} tag=closed
function fc as rc
  answers after 10s: s3 PutBucketAcl on {resource} acl=open

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect a cut by cycle after 9 firings
expect b at most suspect
expect c at most suspect

story Cycle of two rules that the newer one closes
rule close-bucket
  takes s3 PutBucketAcl
  runs closer
rule open-bucket
  takes s3 PutBucketPolicy
  runs opener
  made at 10m
function closer as closer-role
  answers after 10s: s3 PutBucketPolicy on {resource} policy=closed
function opener as opener-role
  answers after 10s: s3 PutBucketAcl on {resource} acl=open

at 20m ann: s3 PutBucketPolicy on uploads policy=none

expect close-bucket at most suspect
expect open-bucket cut by cycle after 9 firings

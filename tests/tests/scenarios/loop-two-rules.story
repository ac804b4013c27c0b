story Cycle of two rules
rule close-bucket
  takes s3 PutBucketAcl
  runs closer
rule open-bucket
  takes s3 PutBucketPolicy
  runs opener
function closer as closer-role
  answers after 10s: s3 PutBucketPolicy on {resource} policy=closed
function opener as opener-role
  answers after 10s: s3 PutBucketAcl on {resource} acl=open

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect close-bucket cut by cycle after 9 firings
expect open-bucket at most suspect

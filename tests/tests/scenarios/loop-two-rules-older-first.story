story Cycle of two rules that begins at the older one
# The newer one has not seen what began it, so after a minute the older one is cut.

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

at 20m ann: s3 PutBucketAcl on uploads acl=public-read

expect close-bucket cut by cycle after 13 firings
expect open-bucket at most suspect

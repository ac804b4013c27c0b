story Loop of a state machine, a turn every 20 s
rule fix-acl
  takes s3 PutBucketAcl
  runs fixer
workflow fixer as fixer-role
  answers after 20s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

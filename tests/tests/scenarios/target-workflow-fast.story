story Loop of a state machine, four turns a second
rule fix-acl
  takes s3 PutBucketAcl
  runs fixer
workflow fixer as fixer-role
  answers after 0.25s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

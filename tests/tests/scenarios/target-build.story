story Loop of a build
rule fix-acl
  takes s3 PutBucketAcl
  runs fixer
build fixer as fixer-role
  answers after 45s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

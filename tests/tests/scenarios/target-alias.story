story Loop behind the alias of a function
rule fix-acl
  takes s3 PutBucketAcl
  runs fixer:live
function fixer as fixer-role
  inScopeOf on
  answers after 20s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

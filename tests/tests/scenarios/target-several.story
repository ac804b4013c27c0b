story Several targets, one of them loops
rule fix-acl
  takes s3 PutBucketAcl
  runs listener
  runs fixer behind fixes
  runs recorder
function listener as listener-role
function fixer as fixer-role
  answers after 20s: s3 PutBucketAcl on {resource} acl=private
workflow recorder as recorder-role within 5m

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

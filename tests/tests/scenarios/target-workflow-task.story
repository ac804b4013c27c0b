story Loop of a function that is a step of a state machine
rule fix-acl
  takes s3 PutBucketAcl
  runs fixer behind workflow repair
function fixer as fixer-role
  answers after 20s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

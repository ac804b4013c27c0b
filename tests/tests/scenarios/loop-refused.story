story Refused each turn, with its parameters, every 20 s
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 20s: s3 PutBucketAcl on {resource} acl=private refused

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

story Fixer behind a queue
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer behind fixes
function acl-fixer as acl-fixer-role
  answers after 90s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by echo after 6 firings

story Fixer behind a queue that delays by 30 s
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer behind fixes delayed by 30s
function acl-fixer as acl-fixer-role
  answers after 2s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

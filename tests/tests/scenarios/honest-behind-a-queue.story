story Answers behind a queue that delays by a minute
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer behind fixes delayed by 60s
function acl-fixer as acl-fixer-role
  answers after 2s, to others only: s3 PutBucketAcl on {resource} acl=private

at 0s every 10s, 12 times ann: s3 PutBucketAcl on site acl=public-read

expect fix-acl left alone

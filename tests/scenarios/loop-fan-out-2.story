story Fan-out of 2: each turn calls twice
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 5s: s3 PutBucketAcl on {resource} grant={n}
  answers after 5s: s3 PutBucketAcl on {resource} again={n}

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 60s

expect fix-acl cut by echo after 11 firings

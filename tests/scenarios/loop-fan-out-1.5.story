story Fan-out of 1.5: every second turn calls twice
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 5s: s3 PutBucketAcl on {resource} grant={n}
  answers after 5s, every second time: s3 PutBucketAcl on {resource} again={n}

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 10m

expect fix-acl cut by echo after 11 firings

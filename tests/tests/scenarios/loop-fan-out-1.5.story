story Fan-out of 1.5: every second turn calls twice, other words each time
# Breadth is innocent: a job may touch thousands. It is found once it is ten times the limit, or two turns deep.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 5s: s3 PutBucketAcl on {resource} grant={n}
  answers after 5s, every second time: s3 PutBucketAcl on {resource} again={n}

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 90s

expect fix-acl cut by rate after 472 firings

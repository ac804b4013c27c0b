story Fan-out of 2: each turn calls twice, the same words
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 5s: s3 PutBucketAcl on {resource} acl=private
  answers after 5s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 90s

expect fix-acl cut by surplus after 9 firings

story ACL fixer, a turn every 15 minutes, which is its time limit
# A proof that is so slow waits five minutes for reasons that come late.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role within 15m
  answers after 15m: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 2d

expect fix-acl cut by surplus after 9 firings

story ACL fixer, a turn every 5 s
# The fixer puts the ACL back, and that is the call its rule waits for. No rate limit would ever see the slower ones.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 5s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 6h

expect fix-acl cut by surplus after 9 firings

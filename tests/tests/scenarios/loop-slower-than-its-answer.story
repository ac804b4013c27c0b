story ACL fixer, a turn every 15 minutes, with a time limit of 3 s
# Nothing that is known can have caused such a call: it may be the fixer's own initiative.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 15m: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 1d

expect fix-acl suspect
expect fix-acl advice

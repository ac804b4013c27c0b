story A loop that was there before the guard
# The guard has not seen what began it.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 20s: s3 PutBucketAcl on {resource} acl=private

at 0s acl-fixer: s3 PutBucketAcl on uploads acl=private
lasts 1h

expect fix-acl suspect
expect fix-acl advice

story A person runs the fixer by hand, six times within an hour
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 3s, to others only: s3 PutBucketAcl on {resource} acl=private

at 0s every 9m, 6 times acl-fixer: s3 PutBucketAcl on site acl=private

expect fix-acl left alone

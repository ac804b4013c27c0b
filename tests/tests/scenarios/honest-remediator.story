story Remediator that fires once more and stops
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 5s, once per resource: s3 PutBucketAcl on {resource} acl=private

at 0s every 40s, 50 times ann: s3 PutBucketAcl on bucket-{n} acl=public-read

expect fix-acl at most suspect

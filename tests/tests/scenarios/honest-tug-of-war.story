story A person and a remediator in a slow tug-of-war
# Each side answers the other, nobody answers himself.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 30s, every second time: s3 PutBucketAcl on {resource} acl=private

at 0s every 90s, 30 times ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl at most suspect

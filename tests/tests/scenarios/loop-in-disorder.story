story Loop whose events come late, twice and in disorder
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 60s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
delivery late by 20s
delivery twice
delivery disordered within 30s

expect fix-acl cut by surplus after 9 firings

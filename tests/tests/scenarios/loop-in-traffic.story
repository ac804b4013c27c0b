story Loop under heavy honest traffic on other resources
# Each of its calls may be a late answer to somebody else's.

rule fix-acl
  takes s3 PutBucketAcl, PutObjectAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 60s, about looping only: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on looping acl=public-read
at 1s every 0.5s, 600 times deploy/pipeline: s3 PutObjectAcl on site/page-{n} acl=public-read
lasts 10m

expect fix-acl at most suspect

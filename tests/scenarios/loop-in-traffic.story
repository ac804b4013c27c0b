story Loop under heavy honest traffic on other resources
rule fix-acl
  takes s3 PutBucketAcl, PutObjectAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 60s, about looping only: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on looping acl=public-read
at 1s every 0.5s, 2400 times deploy/pipeline: s3 PutObjectAcl on site/page-{n} acl=public-read
lasts 30m

expect fix-acl cut by echo after 6 firings

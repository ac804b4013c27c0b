story Loop of 5 s a turn, beside one call of others each minute
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 5s, about looping only: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on looping acl=public-read
at 30s every 60s, 60 times deploy/pipeline: s3 PutBucketAcl on site-{n} acl=public-read
lasts 1h

expect fix-acl cut by surplus after 13 firings

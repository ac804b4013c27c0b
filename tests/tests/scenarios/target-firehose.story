story Loop of the function that transforms a delivery stream
rule fix-acl
  takes s3 PutBucketAcl
  runs fixer behind firehose changes
function fixer as fixer-role within 60s
  answers after 20s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl cut by surplus after 9 firings

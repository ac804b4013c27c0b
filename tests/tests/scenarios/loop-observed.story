story Loop in observe mode: the same evidence, and nothing is touched
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
  tag mode=observe
function acl-fixer as acl-fixer-role
  answers after 60s: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl would be cut by surplus after 9 firings

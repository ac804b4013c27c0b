story Same call each turn, a turn a minute, by a function that a schedule wakes every 5 min
rule fix-acl
  takes s3 PutBucketAcl
  runs fixer
rule often
  wakes by rate(5 minutes)
  runs fixer
function fixer as fixer-role
  answers after 60s: s3 PutBucketAcl on uploads acl=private

at 10m ann: s3 PutBucketAcl on uploads acl=public

expect fix-acl cut by surplus after 9 firings
expect often left alone

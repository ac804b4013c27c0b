story Fifty rules on one call, and one of them loops at 300 a second
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
rule hears-{n}, 49 of them
  takes s3 PutBucketAcl
  runs listener
function acl-fixer as acl-fixer-role
  answers after 0.003s: s3 PutBucketAcl on {resource} acl=private turn={n}
function listener as listener-role

at 0s ann: s3 PutBucketAcl on uploads acl=public-read
lasts 20s
batches of 100

expect fix-acl cut by rate after 600 firings
expect hears-{n} at most suspect

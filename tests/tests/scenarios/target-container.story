story Loop of a container that writes the same object
rule fix-acl
  takes s3 PutObject
  runs fixer
container fixer as fixer-role
  answers after 2m: s3 PutObject on media/out

at 0s ann: s3 PutObject on media/in

expect fix-acl cut by surplus after 11 firings

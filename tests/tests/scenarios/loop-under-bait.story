story Loop of 15 s a turn, with a call of somebody else in each of its answer times
rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 15s, about looping only: s3 PutBucketAcl on {resource} acl=private

at 0s ann: s3 PutBucketAcl on looping acl=public-read
at 7s every 12s, 300 times mallory: s3 PutBucketAcl on bait-{n} acl=private
lasts 1h

expect fix-acl at most suspect

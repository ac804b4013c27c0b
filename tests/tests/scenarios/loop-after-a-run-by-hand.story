story A loop within a day of a run by hand
# The fixer was seen to act by itself: it may do so again.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 20s, to others only: s3 PutBucketAcl on {resource} acl=private
  answers after 20s, to acl=private only, about looping only: s3 PutBucketAcl on {resource} acl=private

at 0s every 10m, 2 times acl-fixer: s3 PutBucketAcl on site acl=private
at 2h ann: s3 PutBucketAcl on looping acl=public-read
lasts 3h

expect fix-acl suspect

story A person who acts with the fixer's role in a chat
# The role is the function's, the session is not.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-fixer
function acl-fixer as acl-fixer-role
  answers after 3s, to others only: s3 PutBucketAcl on {resource} acl=private

at 0s every 90s, 20 times acl-fixer-role/chat-ann: s3 PutBucketAcl on site acl=private

expect fix-acl at most suspect

story A fixer that assumes a second role for its calls
# The session could be anybody's.

rule deny-http
  takes s3 PutBucketPolicy
  runs custodian
function custodian as custodian-role
  answers after 7s, as action-role/Custodian: s3 PutBucketPolicy on {resource} policy=tls

at 0s ann: s3 PutBucketPolicy on site policy=open
lasts 1h

expect deny-http suspect

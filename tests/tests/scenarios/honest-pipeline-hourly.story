story A pipeline that sets one policy through CloudFormation, once an hour
rule fix-policy
  takes s3 PutBucketPolicy
  runs policy-fixer
function policy-fixer as policy-fixer-role
  answers after 4s, to others only: s3 PutBucketPolicy on {resource} policy=standard

at 0s every 1h, 48 times deploy/release: s3 PutBucketPolicy on site policy=open through cloudformation
lasts 2d

expect fix-policy left alone

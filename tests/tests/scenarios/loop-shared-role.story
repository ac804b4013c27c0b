story A state machine whose role others use as well
# That the role made the call is no proof: somebody else may have it.

rule fix-acl
  takes s3 PutBucketAcl
  runs acl-workflow
rule notify
  takes lambda UpdateFunctionCode
  runs notifier
workflow acl-workflow as shared-role
  answers after 30s: s3 PutBucketAcl on {resource} acl=private
workflow notifier as shared-role

at 0s ann: s3 PutBucketAcl on uploads acl=public-read

expect fix-acl suspect
expect notify left alone

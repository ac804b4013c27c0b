story 100 calls a minute to a rule with a limit of 50 in its tag
# A tag is the operator's word, and counts everybody.

rule tagged
  takes s3 PutObjectTagging
  runs counter
  tag limit=50/60s
function counter as counter-role

at 0s every 0.6s, 100 times ann: s3 PutObjectTagging on photos/p-{n} reviewed=yes

expect tagged cut by burst after 50 firings

story Tagger through the tagging service, with another instance in the list each time
rule tag-all
  takes ec2 Create*, RunInstances
  runs tagger behind created
function tagger as tagger-role
  answers after 15s: ec2 CreateTags on i-{n},i-1,i-2,i-3,i-4,i-5 owner=ann through tagging

at 0s ann: ec2 RunInstances on i-1

expect tag-all cut by turns after 38 firings

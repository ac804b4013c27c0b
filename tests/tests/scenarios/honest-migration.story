story An engineer takes the function's role and moves 25 records of one zone
rule zone-changed
  takes route53 ChangeResourceRecordSets
  runs zone-checker
function zone-checker as zone-role
  answers after 2s, to others only: route53 ChangeResourceRecordSets on zone-1 check=done

at 0s every 5m, 25 times zone-role/ann: route53 ChangeResourceRecordSets on zone-1 record=r-{n}

expect zone-changed left alone

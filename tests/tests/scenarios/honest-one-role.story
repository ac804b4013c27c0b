story One role for all functions, another of them makes the call
# AWS names the other function in each record.

rule notify
  takes dynamodb UpdateTable
  runs notifier
function notifier as everything-role
function scaler as everything-role
  inScopeOf on

at 0s every 2m, 40 times scaler: dynamodb UpdateTable on orders capacity=5

expect notify left alone

import corp.billing.tax, corp.audit

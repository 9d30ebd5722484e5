package insights

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"
)

// Settings say which account and region to ask.
type Settings struct {
	Getenv  func(string) string // AWS's variables: AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, …
	Region  string              // instead of the environment's and the profile's
	Profile string              // instead of AWS_PROFILE
	// Backoff is how long to wait before the n-th repetition of a throttled
	// call, from 1; nil waits as AWS recommends, up to 20 seconds.
	Backoff func(n int) time.Duration
	// Poll is how long to wait between looks at a running query; 0 is one
	// second.
	Poll time.Duration
}

// Client asks CloudWatch Logs.
type Client struct {
	api    *cloudwatchlogs.Client
	region string
	poll   time.Duration
}

// attempts bounds how often a call is made when it is throttled: with the
// recommended waits that is about three minutes.
const attempts = 14

// backoff adapts a function to the SDK.
type backoff func(n int) time.Duration

func (f backoff) BackoffDelay(n int, _ error) (time.Duration, error) { return f(n), nil }

// NewClient finds region, credentials and endpoint as the AWS CLI does. It
// makes no request of CloudWatch Logs.
func NewClient(ctx context.Context, s Settings) (*Client, error) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := s.Getenv(n); v != "" {
				return v
			}
		}
		return ""
	}
	options := []func(*config.LoadOptions) error{config.WithRetryer(func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.RateLimiter = ratelimit.None // the attempts are bound enough
			if s.Backoff != nil {
				o.Backoff = backoff(s.Backoff)
			}
		})
	})}
	if region := s.Region; region != "" {
		options = append(options, config.WithRegion(region))
	} else if region = first("AWS_REGION", "AWS_DEFAULT_REGION"); region != "" {
		options = append(options, config.WithRegion(region))
	}
	if profile := s.Profile; profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	} else if profile = first("AWS_PROFILE", "AWS_DEFAULT_PROFILE"); profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	if file := first("AWS_CONFIG_FILE"); file != "" {
		options = append(options, config.WithSharedConfigFiles([]string{file}))
	}
	if file := first("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
		options = append(options, config.WithSharedCredentialsFiles([]string{file}))
	}
	if key, secret := first("AWS_ACCESS_KEY_ID"), first("AWS_SECRET_ACCESS_KEY"); s.Profile == "" && key != "" && secret != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key, secret, first("AWS_SESSION_TOKEN"))))
	}
	if strings.EqualFold(first("AWS_EC2_METADATA_DISABLED"), "true") {
		options = append(options, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	if url := first("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "AWS_ENDPOINT_URL"); url != "" {
		options = append(options, config.WithBaseEndpoint(url))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var profile config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &profile):
		return nil, fmt.Errorf("there is no AWS profile %q; \"aws configure list-profiles\" shows those that exist", profile.Profile)
	case err != nil:
		return nil, fmt.Errorf("the AWS configuration cannot be read: %w", err)
	case cfg.Region == "":
		return nil, errors.New("no AWS region; pass --region, such as --region eu-west-1, or set AWS_REGION")
	}
	c := &Client{api: cloudwatchlogs.NewFromConfig(cfg), region: cfg.Region, poll: s.Poll}
	if c.poll <= 0 {
		c.poll = time.Second
	}
	return c, nil
}

// Region returns the region that is asked.
func (c *Client) Region() string { return c.region }

// explain says in the user's words what AWS answered to a call about a log
// group, and what to do about it.
func (c *Client) explain(group, action string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		if strings.Contains(err.Error(), "get credentials") || strings.Contains(err.Error(), "get identity") {
			return fmt.Errorf("there are no AWS credentials that work; set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run \"aws sso login\": %w", root(err))
		}
		return fmt.Errorf("CloudWatch Logs in %s cannot be reached: %w; the region may be misspelt, or the network may need a proxy", c.region, root(err))
	}
	switch code := api.ErrorCode(); code {
	case "ResourceNotFoundException":
		return fmt.Errorf("there is no log group %q in %s; \"aws logs describe-log-groups\" lists them, --region and --profile choose others", group, c.region)
	case "ExpiredTokenException", "ExpiredToken", "RequestExpired":
		return errors.New("the AWS session has expired; run \"aws sso login\", or renew the session's variables, and run the command again: it goes on where it was")
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationTokenException", "IncompleteSignatureException":
		return fmt.Errorf("AWS does not accept the credentials (%s): %s; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile, and the clock", code, api.ErrorMessage())
	case "AccessDeniedException", "AccessDenied":
		return fmt.Errorf("AWS does not allow it: %s; the policy needs %s on %q", api.ErrorMessage(), action, group)
	case "ThrottlingException", "LimitExceededException", "TooManyRequestsException":
		return fmt.Errorf("CloudWatch Logs still throttles after %d attempts (%s): %s; run the command again later: it goes on where it was", attempts, code, api.ErrorMessage())
	default:
		return fmt.Errorf("CloudWatch Logs in %s: %s: %s", c.region, code, api.ErrorMessage())
	}
}

// root is the last cause of an error: those before it repeat it.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

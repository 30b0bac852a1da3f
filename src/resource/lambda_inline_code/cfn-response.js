// Answers a CloudFormation custom resource request: `require("cfn-response")` in inline code.

const https = require("https");

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const stream = context.logStreamName;
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: `See the details in CloudWatch Log Stream: ${stream}`,
    PhysicalResourceId: physicalResourceId || stream,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  // The signature in the URL covers an empty content type.
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const end = () => {
      if (context.done) {
        context.done();
      }
      resolve();
    };
    const request = https.request(event.ResponseURL, { method: "PUT", headers }, (reply) => {
      console.log(`Status code: ${reply.statusCode}`);
      reply.resume();
      end();
    });
    request.on("error", (error) => {
      console.log(`send(..) failed: ${error}`);
      end();
    });
    request.write(body);
    request.end();
  });
};

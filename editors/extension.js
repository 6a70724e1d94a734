// Starts `cyclspec lsp` for .cycl files, in workspaces that are trusted.
"use strict";

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  if (client !== undefined) return;
  const command = workspace.getConfiguration("cycl").get("command", "cyclspec");
  const documentSelector = ["file", "untitled"].map((scheme) => ({ scheme, language: "cycl" }));
  client = new LanguageClient("cycl", "cycl", { command, args: ["lsp"] }, { documentSelector });
  await client.start();
}

exports.activate = async (context) => {
  if (workspace.isTrusted) return start();
  context.subscriptions.push(workspace.onDidGrantWorkspaceTrust(start));
};

exports.deactivate = () => client?.stop();

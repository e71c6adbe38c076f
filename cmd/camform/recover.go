package main

import "github.com/spf13/cobra"

func recoverCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recover",
		Short: "Get back into a device whose password nobody knows, by the means that its vendor offers to the owner",
		Args:  onlyCommands,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		recoverOpenCommand(a), recoverStatusCommand(a), recoverNextCommand(a), recoverVerifyCommand(a), recoverTryCommand(a), recoverResetCommand(a),
		recoverDoneCommand(a), recoverFailedCommand(a), recoverSkipCommand(a), recoverWaitCommand(a), recoverRequestCommand(a),
		recoverAttachCommand(a), recoverFinishCommand(a), recoverProveCommand(a), recoverHandoverCommand(a), recoverAcceptCommand(a),
		recoverCloseCommand(a),
		recoverBundleCommand(a), recoverRecordCommand(a), recoverCardCommand(a), recoverReviewCommand(a), recoverPurgeCommand(a),
		recoverPrepareCommand(a), recoverFileCommand(a))
	return cmd
}

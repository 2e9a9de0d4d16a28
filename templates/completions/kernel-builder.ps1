# Completes the commands of kernel-builder in PowerShell 5.1 and later.

Register-ArgumentCompleter -Native -CommandName kernel-builder -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words before the cursor without their quotes, and the one to complete last, which may be empty.
    $words = @(
        foreach ($element in $commandAst.CommandElements) {
            if ($element.Extent.EndOffset -lt $cursorPosition) {
                if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
                    $element.Value
                } else {
                    $element.Extent.Text
                }
            }
        }
    ) + $wordToComplete

    $saved = $env:_KERNEL_BUILDER_COMPLETE, $env:COMP_WORDS
    try {
        $env:_KERNEL_BUILDER_COMPLETE = 'powershell_complete'
        $env:COMP_WORDS = $words -join "`n"
        $lines = @(& kernel-builder 2>$null)
    } finally {
        $env:_KERNEL_BUILDER_COMPLETE, $env:COMP_WORDS = $saved
    }

    foreach ($line in $lines) {
        $kind, $text, $help = $line -split "`t", 3
        if ($kind -ne 'plain') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
        } elseif ($text) {
            $quoted = if ($text -match '[\s''"`$;,(){}]') { "'" + $text.Replace("'", "''") + "'" } else { $text }
            $tip = if ($help) { $help } else { $text }
            [System.Management.Automation.CompletionResult]::new($quoted, $text, 'ParameterValue', $tip)
        }
    }
}

using System.CommandLine;
using AdaLora.Benchmarks;

return new RootCommand("Benchmarks of AdaLora; see docs/benchmarks.md. Contenders take turns, and only ratios are meaningful.")
{
    StepCommand.Create(),
    KernelsCommand.Create(),
    AttachmentCommand.Create(),
    AllocatorCommand.Create(),
    OptimizerCommand.Create(),
    InferenceCommand.Create(),
    TokenizeCommand.Create(),
    LoadCommand.Create(),
    MemoryCommand.Create(),
    LargeModelCommand.Create(),
    PeftCommand.Create(),
    PeftRunCommand.Create(),
    Seq2SeqCommand.Create(),
    DecoderCommand.Create(),
    ProcessesCommand.Create(),
    ReportCommand.Create(),
    BlockCommand.Create(),
    Seq2SeqBlockCommand.Create(),
    DecoderCheckpointCommand.Create(),
    DecoderBlockCommand.Create(),
}.Parse(args).Invoke();
